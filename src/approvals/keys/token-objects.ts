/** A key as `pkcs11-tool --list-objects` shows it. */
export interface TokenObject {
  readonly label: string;
  /** Hex; absent when it has none. */
  readonly id?: string;
}

const FIELD = /^ {2}(label|ID): +(.*)$/;

/**
 * The public keys of a listing. A label may hold a line that looks like an id: who wrote it also writes the token, and what is
 * read by that id must have the label, too.
 */
export function readTokenObjects(listing: string): readonly TokenObject[] {
  const found: { label: string; id?: string }[] = [];
  let current: { label: string; id?: string } | undefined;
  for (const line of listing.split(/\r?\n/)) {
    if (/^\S.* Object;/.test(line)) {
      current = line.startsWith('Public Key Object;') ? { label: '' } : undefined;
      if (current !== undefined) found.push(current);
    }
    const [, field, value = ''] = FIELD.exec(line) ?? [];
    if (current === undefined || field === undefined) continue;
    if (field === 'label') current.label = value;
    else if (/^(?:[0-9a-fA-F]{2})+$/.test(value)) current.id = value.toLowerCase();
  }
  return found;
}
