import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { must } from './run.ts';
import type { Workspace } from './workspace.ts';

/** A key for a delegation as organisations bring their own: files that `notary key import` and `delegation add` take. */
export interface DelegationKey {
  readonly key: string;
  readonly certificate: string;
  /** As `notary` shows it and takes it: of the bare key, not of its certificate. */
  readonly id: string;
}

const ALGORITHMS = {
  rsa: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  'P-256': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'P-384': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
} as const;

export async function makeDelegationKey(
  space: Workspace,
  owner: string,
  algorithm: keyof typeof ALGORITHMS,
): Promise<DelegationKey> {
  const cwd = space.folder('delegation-keys');
  const key = `${cwd}/${owner}.key`;
  const certificate = `${cwd}/${owner}.pem`;
  const openssl = (...args: string[]): Promise<string> => must('openssl', args, { cwd, env: space.env() });
  await openssl('genpkey', ...ALGORITHMS[algorithm], '-out', key);
  await openssl('req', '-x509', '-new', '-key', key, '-subj', `/CN=${owner}`, '-days', '400', '-out', certificate);
  return { key, certificate, id: bareKeyId(certificate) };
}

function bareKeyId(certificate: string): string {
  const { publicKey } = new X509Certificate(readFileSync(certificate));
  const keytype = publicKey.asymmetricKeyType === 'rsa' ? 'rsa' : 'ecdsa';
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const text = JSON.stringify({ keytype, keyval: { private: null, public: spki } });
  return createHash('sha256').update(text).digest('hex');
}
