const LINK = /<([^<>]*)>([^<]*)/g;
const NEXT = /;\s*rel\s*=\s*(?:"next"|next)(?:\s*[;,]|\s*$)/i;

/**
 * The next page of a list (RFC 8288), when it is on the page's own origin and path: a list goes on where it began,
 * and does not send tufgate elsewhere.
 * @returns path and query; undefined at the end, `foreign` when it leads elsewhere
 */
export function nextPage(page: URL, header: string | undefined): URL | 'foreign' | undefined {
  for (const [, target = '', params = ''] of (header ?? '').matchAll(LINK)) {
    if (!NEXT.test(params)) continue;
    if (!URL.canParse(target, page.href)) return 'foreign';
    const next = new URL(target, page);
    return next.origin === page.origin && next.pathname === page.pathname ? next : 'foreign';
  }
  return undefined;
}
