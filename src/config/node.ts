/**
 * What a YAML file says, cut down to what a configuration needs: text, lists and maps, each with its place. Scalars
 * stay text until a reader knows what they are meant to be, so `0123` is a user name and 64 digits are a key id.
 */
export type Node = TextNode | ListNode | MapNode;

export interface TextNode {
  readonly kind: 'text';
  readonly text: string;
  /** Offset in the file, as in every node. */
  readonly at: number;
}

export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly Node[];
  readonly at: number;
}

export interface MapNode {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, MapEntry>;
  readonly at: number;
}

export interface MapEntry {
  readonly keyAt: number;
  readonly value: Node;
}
