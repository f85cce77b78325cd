import { type HostileCase, idOf, type Scene, type Settings, type Step, type ValidCase } from './case.ts';

/**
 * What a correct client does with every case that can be shown over HTTP. Steps are one client's life, in order: set its
 * clock, point it at the URL, ask for the tag. In an attack's last step the update must fail, for the reason given or
 * one of the client's own, and no digest come out that an earlier step did not name.
 */
export function manifestOf(
  hostile: readonly HostileCase[],
  valid: readonly ValidCase[],
  scenes: ReadonlyMap<string, Scene>,
): unknown {
  const told = (id: string): object => toldOf(id, scenes.get(id)!);
  return {
    hostile: hostile
      .filter((attack) => scenes.get(idOf(attack))?.steps.every(({ tamper }) => tamper === undefined))
      .map(({ format, move, lets, anchor, expect, ...named }) => {
        const id = idOf({ format, ...named });
        return { case: id, format, move, lets, anchor, refusedAs: expect, ...told(id) };
      }),
    valid: valid.map(({ format, odd, anchor, ...named }) => {
      const id = idOf({ format, ...named });
      return { case: id, format, odd, anchor, ...told(id) };
    }),
  };
}

function toldOf(id: string, { registry, repository, steps }: Scene): object {
  return { registry, repository, steps: steps.map((step, i) => shown(`/${id}/${i}`, step)) };
}

function shown(url: string, { at, tag, byDigest, digest, settings }: Step): object {
  const verdict = digest === undefined ? { verdict: 'refused' } : { verdict: 'signed', digest };
  const asked = byDigest === undefined ? { tag } : { byDigest };
  return { url, clock: new Date(at).toISOString(), ...asked, ...verdict, ...settingsOf(settings) };
}

function settingsOf({ pin, ...settings }: Settings): object {
  if (pin === undefined) return settings;
  if (pin.kind !== 'root-file') return { ...settings, pin };
  return { ...settings, pin: { kind: pin.kind, base64: Buffer.from(pin.bytes).toString('base64') } };
}
