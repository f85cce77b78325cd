import type { HostileCase, Step, ValidCase } from '../case.ts';
import { NotaryScene } from './scene.ts';

interface Attack extends Pick<HostileCase, 'move' | 'lets' | 'anchor' | 'expect' | 'silences'> {
  readonly learns?: readonly string[];
  /** What stands at its end is the attack. */
  readonly story: (scene: NotaryScene) => void;
  /** What the attacker does to the client's disk, then. */
  readonly tamper?: Step['tamper'];
}

interface Oddity extends Pick<ValidCase, 'odd' | 'anchor'> {
  readonly story: (scene: NotaryScene) => void;
}

export function attacks(group: string, stories: Readonly<Record<string, Attack>>): readonly HostileCase[] {
  return Object.entries(stories).map(([name, { learns = [], story, tamper, ...told }]) => {
    const tell = (): ReturnType<HostileCase['tell']> => {
      const scene = new NotaryScene();
      story(scene);
      return scene.attacked(tamper);
    };
    return { format: 'notary', group, name, learns, ...told, tell };
  });
}

export function oddities(group: string, stories: Readonly<Record<string, Oddity>>): readonly ValidCase[] {
  return Object.entries(stories).map(([name, { story, ...told }]) => {
    const tell = (): ReturnType<ValidCase['tell']> => {
      const scene = new NotaryScene();
      story(scene);
      return scene.pulled();
    };
    return { format: 'notary', group, name, ...told, tell };
  });
}
