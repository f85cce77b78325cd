import type { Finished } from './run.ts';

/** A program that pulls, pointed at tufgate the way its operators would. Images are full names, `docker.io/library/x:1`. */
export interface Client {
  /** Whether a refusal sends it to the origin: no setting keeps Docker from going around a mirror. */
  readonly goesAround: boolean;
  /** Whether the words of a refusal reach the user when tufgate stands in for another registry. */
  readonly showsMessages: boolean;
  /** Whether they do when the image name itself names tufgate. */
  readonly showsMessagesByName: boolean;
  pull(image: string): Promise<Finished>;
  /** What the pulled image prints when run; where this client cannot run containers, what its unpacked layer says. */
  says(image: string): Promise<string>;
  /** Removes it, so that the next pull asks for everything again. */
  forget(image: string): Promise<void>;
  /** The same pull without any setting that points at tufgate: shows that attempts at the origin are counted. */
  pullAround(image: string): Promise<Finished>;
}
