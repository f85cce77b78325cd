import type { StoredDecision } from '../../state/store.ts';
import { EXIT } from '../exit-code.ts';
import type { Output } from '../output.ts';
import type { CommandContext } from '../context.ts';
import { pull, type Pulled } from './pull.ts';
import { openScene, type Scene } from './scene.ts';

/** Four pulls in front of your eyes. Ends with 0 when tufgate did with each what it promises, else with 1. */
export async function runDemo({ out }: CommandContext): Promise<number> {
  const scene = await openScene();
  try {
    introduce(out, scene);
    const acts: Act[] = [];
    for (const part of parts(scene)) acts.push(await perform(out, scene, part));
    conclude(out, acts);
    return acts.every(({ asPromised }) => asPromised) ? EXIT.done : EXIT.fault;
  } finally {
    await scene.close();
  }
}

interface Part {
  readonly title: string;
  readonly tag: string;
  /** What the world is like. */
  readonly given: string;
  /** Undefined: it must be refused. */
  readonly digest?: string;
  readonly reason?: string;
}

function parts({ signed, moved }: Scene): readonly Part[] {
  return [
    { title: 'signed', tag: '1.0', given: 'the publisher signed it', digest: signed.digest },
    {
      title: 'unsigned',
      tag: '2.0-nightly',
      given: 'it is in the registry, but nobody signed it',
      reason: 'trust.unsigned',
    },
    {
      title: 'tampered',
      tag: '1.1',
      given: 'signed, but the registry flips one bit in a layer',
      reason: 'integrity.digest',
    },
    {
      title: 'moved by the registry',
      tag: 'stable',
      given: `signed as ${short(moved.signed.digest)}; the registry now says ${short(moved.now.digest)}`,
      digest: moved.signed.digest,
    },
  ];
}

interface Act {
  readonly title: string;
  readonly image: string;
  readonly outcome: 'pulled' | 'refused';
  readonly reason: string | null;
  readonly digest: string | null;
  readonly asPromised: boolean;
}

async function perform(out: Output, scene: Scene, part: Part): Promise<Act> {
  const image = `${scene.repository}:${part.tag}`;
  const pulled = await pull(scene.url, scene.repository, part.tag);
  const reason = await reasonFor(scene, pulled);
  const digest = pulled.outcome === 'pulled' ? pulled.digest : null;
  const asPromised = part.digest === undefined ? reason === part.reason : digest === part.digest;
  if (!out.json) tell(out, part, image, pulled, reason);
  return { title: part.title, image, outcome: digest === null ? 'refused' : 'pulled', reason, digest, asPromised };
}

/** A refusal says its reason; where the connection was cut, the decision log does. */
async function reasonFor({ gate }: Scene, pulled: Pulled): Promise<string | null> {
  switch (pulled.outcome) {
    case 'pulled':
      return null;
    case 'refused':
      return pulled.reason;
    case 'cut': {
      await gate.flushDecisions();
      const events: readonly StoredDecision[] = await gate.state.decisions({ event: 'integrity', limit: 1 });
      return events[0]?.reason ?? null;
    }
  }
}

function introduce(out: Output, scene: Scene): void {
  if (out.json) return;
  out.fact(`A registry, a trust server and tufgate are running on loopback, with keys made just now.

  client ──▶ tufgate ──▶ registry      the bytes
                └──────▶ trust server  who signed which digest

  policy   every image must be signed
  pinned   root key ${scene.rootKey.slice(0, 16)}…
`);
}

function tell(out: Output, { title, given }: Part, image: string, pulled: Pulled, reason: string | null): void {
  const verdict = pulled.outcome === 'pulled' ? '✔ pulled ' : '✘ refused';
  out.fact(`${verdict}  ${image}  (${title}: ${given})`);
  switch (pulled.outcome) {
    case 'pulled':
      out.fact(`            ${short(pulled.digest)}, ${pulled.bytes} bytes, every one of them hashed on the way\n`);
      return;
    case 'refused':
      out.fact(`            ${String(reason)}, HTTP ${pulled.status}; the client prints:`);
      out.fact(`            "${pulled.message}"\n`);
      return;
    case 'cut':
      out.fact(
        `            ${String(reason)}: ${pulled.received} of ${pulled.size} bytes sent, the rest held back, nothing kept\n`,
      );
  }
}

function conclude(out: Output, acts: readonly Act[]): void {
  if (out.json) {
    out.document(acts);
    return;
  }
  const kept = acts.filter(({ asPromised }) => asPromised).length;
  out.fact(`${kept} of ${acts.length} as promised. The registry was never believed, only hashed.`);
  out.fact('Everything is stopped and removed again. Next: write a configuration (config/examples) and "npm start".');
}

function short(digest: string): string {
  return `${digest.slice(0, 'sha256:'.length + 12)}…`;
}
