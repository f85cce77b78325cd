import { isLoopback } from './address.ts';
import { quote, type Reader } from './field.ts';

export interface UrlRules {
  /** The section said `insecure: true`. */
  readonly insecure: boolean;
  readonly path: 'allowed' | 'refused';
}

/** An http(s) URL without credentials, query or fragment; plain HTTP on loopback only, unless `insecure`. */
export function url(rules: UrlRules): Reader<URL> {
  return (field) => {
    const text = field.text('a URL such as https://registry.example');
    if (text === undefined) return undefined;
    const parsed = parse(text);
    if (parsed === undefined) return field.fail(`${quote(hidden(text))} is not a URL: expected https://HOST[:PORT]`);
    const why = mistakeIn(parsed, text, rules);
    return why === undefined ? parsed : field.fail(`${quote(hidden(text))} is not allowed: ${why}`);
  };
}

function parse(text: string): URL | undefined {
  return /^[\x21-\x7e]+$/.test(text) && text.includes('://') && URL.canParse(text) ? new URL(text) : undefined;
}

function mistakeIn(parsed: URL, text: string, rules: UrlRules): string | undefined {
  const { protocol, hostname } = parsed;
  if (protocol !== 'https:' && protocol !== 'http:') return 'expected https:// (or http:// on loopback)';
  if (parsed.username !== '' || parsed.password !== '')
    return 'secrets are never written in this file; use `credentials` with password_file or password_env';
  if (/[?#]/.test(text)) return 'it must not have a query or a fragment';
  if (rules.path === 'refused' && parsed.pathname !== '/')
    return `it must not have a path: write ${quote(parsed.origin)}`;
  if (protocol === 'http:' && !rules.insecure && !isLoopback(hostname))
    return 'plain HTTP can be read and changed by others; use https://, or say `insecure: true`';
  return undefined;
}

/** A password that was written into the URL must not end up in a log. */
function hidden(text: string): string {
  return text.replace(/\/\/.*@/, '//…@');
}
