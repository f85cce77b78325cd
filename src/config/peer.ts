import type { CredentialsConfig, PeerConfig } from './config.ts';
import { type Field, quote, type Reader, type Section, section } from './field.ts';
import { certificateFile, checkPair, keyFile, readable } from './file.ts';
import { present } from './present.ts';
import { url } from './url.ts';

/** What upstreams and trust servers have in common: how they are reached. The caller reads `insecure` and the URL. */
export function peer(open: Section, field: Field): PeerConfig {
  const clientCert = open.optional('client_cert', certificateFile);
  const clientKey = open.optional('client_key', keyFile);
  open.together('client_cert', 'client_key');
  checkPair(field, clientCert, clientKey, 'client_cert and client_key');
  return present({
    ca: open.optional('ca', certificateFile),
    clientCert,
    clientKey,
    // A proxy sees TLS only: plain HTTP to it gives nothing away, and is how nearly all of them are reached.
    proxy: open.optional('proxy', url({ insecure: true, path: 'refused' }))?.href,
    credentials: open.optional('credentials', credentials),
  });
}

const INLINE = ['password', 'token', 'identity_token', 'registry_token', 'auth', 'secret'];
const WAYS = 'use docker_config, or helper, or username with password_file or password_env';

const credentials: Reader<CredentialsConfig> = section(WAYS, (open) => {
  for (const key of INLINE)
    open.refuse(key, 'secrets are never written in this file: use password_file or password_env');
  const dockerConfig = open.optional('docker_config', readable);
  const helperName = open.optional('helper', helper);
  const username = open.optional('username', (field) => field.text('a user name'));
  const file = open.optional('password_file', readable);
  const variable = open.optional('password_env', environmentVariable);
  if (!open.exactlyOne(['docker_config', 'helper', 'username'], WAYS)) return undefined;
  const named = open.has('username');
  if (named && !open.exactlyOne(['password_file', 'password_env'], 'the secret that goes with username')) return;
  for (const key of named ? [] : ['password_file', 'password_env'])
    if (open.has(key)) open.failAt(key, `${key} goes with username only`);
  if (dockerConfig !== undefined) return { kind: 'docker-config', file: dockerConfig };
  if (helperName !== undefined) return { kind: 'helper', helper: helperName };
  if (username === undefined) return undefined;
  if (file !== undefined) return { kind: 'password-file', username, file };
  return variable === undefined ? undefined : { kind: 'password-env', username, variable };
});

/** The name becomes a part of a command: letters, digits, `.`, `_` and `-` only, so never a path or an option. */
const helper: Reader<string> = (field) => {
  const text = field.text('the name of a credential helper');
  if (text === undefined) return undefined;
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)) return text;
  return field.fail(
    `${quote(text)} is not allowed: expected NAME of a program docker-credential-NAME, such as ecr-login`,
  );
};

const environmentVariable: Reader<string> = (field) => {
  const text = field.text('the name of an environment variable');
  if (text === undefined) return undefined;
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(text))
    return field.fail(`expected the NAME of an environment variable, such as REGISTRY_PASSWORD, not its value`);
  const { env } = field.world;
  if (env !== undefined && (env[text] ?? '') === '')
    return field.fail(`the environment variable ${text} is not set: set it, or use password_file`);
  return text;
};
