import { type Format, type HostileCase, idOf, type Scene, type Settings, type Step, type ValidCase } from './case.ts';

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
  const told = (id: string, format: Format): object => toldOf(id, format, scenes.get(id)!);
  return {
    hostile: hostile
      .filter((attack) => scenes.get(idOf(attack))?.steps.every(({ tamper }) => tamper === undefined))
      .map(({ format, move, lets, anchor, expect, ...named }) => {
        const id = idOf({ format, ...named });
        return { case: id, format, move, lets, anchor, refusedAs: expect, ...told(id, format) };
      }),
    valid: valid.map(({ format, odd, anchor, ...named }) => {
      const id = idOf({ format, ...named });
      return { case: id, format, odd, anchor, ...told(id, format) };
    }),
  };
}

function toldOf(id: string, format: Format, { registry, repository, steps }: Scene): object {
  const image = `${registry}/${repository}`;
  return { registry, repository, steps: steps.map((step, i) => shown(`/${id}/${i}`, format, image, step)) };
}

function shown(url: string, format: Format, image: string, step: Step): object {
  const { at, digest, settings } = step;
  const verdict = digest === undefined ? { verdict: 'refused' } : { verdict: 'signed', digest };
  return {
    url,
    clock: new Date(at).toISOString(),
    ...asked(format, image, step),
    ...verdict,
    ...settingsOf(format, settings),
  };
}

/** TUF 1.0 knows no tags: a client of it is asked for the whole name. */
function asked(format: Format, image: string, { tag, byDigest }: Step): object {
  if (format === 'notary') return { tag };
  return { target: byDigest === undefined ? `${image}:${tag}` : `${image}@${byDigest}` };
}

function settingsOf(format: Format, { pin, signers, ...ofNotary }: Settings): object {
  const settings = { ...(format === 'notary' && ofNotary), ...(signers && { signers }) };
  if (pin === undefined) return settings;
  if (pin.kind !== 'root-file') return { ...settings, pin };
  return { ...settings, pin: { kind: pin.kind, base64: Buffer.from(pin.bytes).toString('base64') } };
}
