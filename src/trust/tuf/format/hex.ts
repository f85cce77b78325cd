/** Keys and signatures: 8,192 bits of RSA are 2,048 digits. */
const MAX_DIGITS = 4_096;
const SHAPE = /^(?:[0-9a-fA-F]{2})*$/;

/** Undefined for anything but pairs of hex digits, of either case. Buffer.from(…, 'hex') stops at the first other one. */
export function decodeHex(text: string): Uint8Array | undefined {
  if (text.length > MAX_DIGITS || !SHAPE.test(text)) return undefined;
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}
