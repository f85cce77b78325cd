/** What an archive may cost whoever reads it; each is far above what real collections have. */

/** All metadata files of one collection, which are in memory at once. */
export const MAX_COLLECTION_BYTES = 256 << 20;
export const MAX_CAPTURE_BYTES = 4 << 20;
export const MAX_INDEX_BYTES = 256 << 20;
/** Characters of a GUN; its folder has a fixed length all the same. */
export const MAX_GUN = 512;
/** Characters of a reason that is written down. */
export const MAX_WORDS = 600;
