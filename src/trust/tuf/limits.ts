/** What one collection may cost before anything of it is believed; each is far above what real ones have. */

/** Values of one file, members and elements counted. */
export const JSON_LIMITS = { depth: 32, values: 2_000_000, integersOnly: true } as const;
/** CVE-2020-6173: thousands of signatures are minutes of CPU. */
export const MAX_SIGNATURES = 64;
/** Of one role. */
export const MAX_KEYS = 64;
export const MAX_CERTIFICATES = 8;
export const MAX_ROOTS = 1_024;
/** Roles of one update, `targets` included, and so delegations of one Notary file. */
export const MAX_ROLES = 256;
/** In one TUF 1.0 file; a delegation per repository of a large registry fits. */
export const MAX_DELEGATIONS = 32_768;
/** Of all delegations of one file; each is compared with the name of a search. */
export const MAX_PATTERNS = 32_768;
/** As `MAX_PATTERNS`: 16,384 hash bins that are listed one by one have some each. */
export const MAX_HASH_PREFIXES = 131_072;
/** Characters compared for one question, over all files that it comes by; two of the largest with real names fit. */
export const MAX_STEPS = 1 << 22;
/** As `MAX_STEPS`, for a look at all the names of a view by each who made them, and as many more for each name. */
export const ONCE_STEPS = 1 << 22;
export const NAME_STEPS = 256;
/** Roles that one search of a TUF 1.0 target may come by, `targets` included; other clients have 32. */
export const MAX_VISITED = 64;
/** Bytes of the delegated files that a view of TUF 1.0 keeps parsed, which takes about ten times as much memory. */
export const MAX_LOADED_BYTES = 16 << 20;
/**
 * Bytes of the delegated files of one TUF 1.0 collection that are kept as they were received, in memory and in the
 * database.
 */
export const MAX_SHELF_BYTES = 64 << 20;
/** Bytes of one root file, as TUF clients have it: it is parsed before any signature of it can be checked. */
export const MAX_ROOT_BYTES = 1 << 20;
/** Segments of a role name: `targets/a/b` has 3. */
export const MAX_ROLE_DEPTH = 16;
export const RSA_BITS = { least: 2_048, most: 8_192 } as const;
/** How far in the future a certificate may begin, as Notary allows: clocks of publishers run ahead. */
export const NOT_BEFORE_SKEW_MS = 86_400_000;
