import type { TufgateError } from '../errors.ts';
import { nextPage } from './link.ts';
import type { PeerAnswer } from './peer.ts';
import { joined } from './pieces.ts';

/** A list that a registry gives in pages (distribution-spec "Listing Tags", "Listing Referrers"). */
export interface PagedList {
  /** For messages: "its tag list". */
  readonly what: string;
  /** The first page. */
  readonly start: URL;
  readonly mostPages: number;
  /** @param search the query of the page, with its mark */
  readonly ask: (search: string) => Promise<PeerAnswer>;
  readonly nonsense: (why: string) => TufgateError;
}

/** Page after page, as far as the caller reads. @throws upstream.protocol for a list that leads elsewhere or has no end */
export async function* pagesOf({ what, start, mostPages, ask, nonsense }: PagedList): AsyncGenerator<Uint8Array> {
  let page: URL | undefined = start;
  for (let pages = 0; page !== undefined; pages++) {
    if (pages === mostPages) throw nonsense(`${what} has more than ${mostPages} pages`);
    const answer = await ask(page.search);
    yield joined(answer.pieces);
    const next = nextPage(page, answer.headers.get('link'));
    if (next === 'foreign') throw nonsense(`${what} goes on at another place`);
    if (next?.href === page.href) throw nonsense(`${what} runs in a circle`);
    page = next;
  }
}
