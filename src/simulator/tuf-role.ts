import { createHash } from 'node:crypto';
import type { Plain } from './tuf-document.ts';
import type { TufKey, TufSigner } from './tuf-key.ts';

/** One role's document. Whose keys count for it is said by those who delegate to it: see `TufDelegation`. */
export interface TufRole {
  /** Of what was published last; 0 before. */
  version: number;
  /** Epoch milliseconds. */
  expires: number;
  /** Who really signs; the keys of all delegators when absent. */
  signers?: readonly TufSigner[] | undefined;
  readonly targets: Map<string, TufTarget>;
  /** In order. The root's are the four top-level roles. */
  delegations: TufDelegation[];
  bins?: TufBins | undefined;
}

export interface TufTarget {
  readonly length: number;
  /** `sha256:…`, in short for `hashes: { sha256 }`. */
  readonly digest?: string;
  readonly hashes?: Readonly<Record<string, string>>;
  readonly custom?: Plain;
}

export interface TufAuthority {
  keys: TufKey[];
  threshold: number;
}

export interface TufDelegation extends TufAuthority {
  readonly name: string;
  terminating: boolean;
  paths?: readonly string[] | undefined;
  prefixes?: readonly string[] | undefined;
}

/** TAP 15: 2^bits roles with the same keys, chosen by the first bits of the name's hash. */
export interface TufBins extends TufAuthority {
  readonly prefix: string;
  readonly bits: number;
}

/** The bin that a target belongs to. */
export function binOf({ prefix, bits }: TufBins, target: string): string {
  return binName(prefix, bits, createHash('sha256').update(target).digest().readUInt32BE() >>> (32 - bits));
}

/** The number in hex, as wide as the last bin's. */
export function binName(prefix: string, bits: number, index: number): string {
  return `${prefix}-${index.toString(16).padStart(Math.ceil(bits / 4), '0')}`;
}

/** All bin names, in order. */
export function binsOf({ prefix, bits }: TufBins): readonly string[] {
  return Array.from({ length: 2 ** bits }, (_, index) => binName(prefix, bits, index));
}
