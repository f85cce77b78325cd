import type { HostileCase, Step, ValidCase } from '../case.ts';
import { TufScene } from './scene.ts';

interface Attack extends Pick<HostileCase, 'move' | 'lets' | 'anchor' | 'expect'> {
  readonly learns?: readonly string[];
  /** What stands at its end is the attack. */
  readonly story: (scene: TufScene) => void;
  /** What the attacker does to the client's disk, then. */
  readonly tamper?: Step['tamper'];
}

interface Oddity extends Pick<ValidCase, 'odd' | 'anchor'> {
  readonly story: (scene: TufScene) => void;
}

export function attacks(group: string, stories: Readonly<Record<string, Attack>>): readonly HostileCase[] {
  return Object.entries(stories).map(([name, { learns = [], story, tamper, ...told }]) => {
    const tell = (): ReturnType<HostileCase['tell']> => {
      const scene = new TufScene();
      story(scene);
      return scene.attacked(tamper);
    };
    return { format: 'tuf', group, name, learns, ...told, tell };
  });
}

export function oddities(group: string, stories: Readonly<Record<string, Oddity>>): readonly ValidCase[] {
  return Object.entries(stories).map(([name, { story, ...told }]) => {
    const tell = (): ReturnType<ValidCase['tell']> => {
      const scene = new TufScene();
      story(scene);
      return scene.pulled();
    };
    return { format: 'tuf', group, name, ...told, tell };
  });
}
