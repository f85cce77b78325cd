import type { Algorithm } from '../../oci/digest.ts';

/** To the thread, in order. `bytes` are shared, not copied: the thread reads what the sender must not touch until `done`. */
export type ToHasher =
  | { readonly kind: 'begin'; readonly id: number; readonly algorithm: Algorithm }
  | { readonly kind: 'update'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'finish'; readonly id: number }
  | { readonly kind: 'drop'; readonly id: number };

/** One `done` for each update, one `digest` for each finish, in their order. */
export type FromHasher =
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'digest'; readonly id: number; readonly hex: string };
