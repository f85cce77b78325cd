import { tufKey } from '../../../src/simulator/tuf-key.ts';
import { GOOD, LEARNED, type TufScene } from './scene.ts';

export const KEY = tufKey('p256', 'corpus delegated');
export const OTHER = tufKey('p256', 'corpus delegated, another');
/** Every name, in a delegation without depth. */
export const BULK = { prefixes: Array.from('0123456789abcdef') };
/** To a role for all official images. */
export const ALL = { keys: [KEY], paths: ['docker.io/library/*'] };

/** Tag 2 is signed by this role, and the client asks for it. */
export function by(scene: TufScene, role: string, digest = GOOD): void {
  scene.tag = '2';
  scene.sign('2', digest, role).publish();
  scene.pull(digest);
}

/** What the client has stored when it refuses, after these roles were loaded, or loaded anew. */
export const learntOf = (...roles: readonly string[]): readonly string[] => [
  ...LEARNED.delegated,
  ...roles.map((role) => `floor ${role}`),
];
