import { readFileSync } from 'node:fs';
import { TufgateError } from '../../errors.ts';
import type { Env } from './env.ts';
import { type Keyboard, typedSecret } from './keyboard.ts';

export interface PassphraseWorld {
  readonly env: Env;
  readonly keyboard: Keyboard;
  /** Says one line to the person at the terminal; never the answer of a command. */
  readonly say: (line: string) => void;
}

const TRIES = 3;
/** Characters of a new passphrase. */
const LEAST = 8;
const NO_TERMINAL =
  'there is no terminal to ask on: set TUFGATE_PASSPHRASE, or TUFGATE_PASSPHRASE_FILE to the path of a file that holds it';

/**
 * Where passphrases come from: `TUFGATE_PASSPHRASE`, or the file that `TUFGATE_PASSPHRASE_FILE` names, or a person. One
 * object a process: what opened one key is tried on the next before anybody is asked again.
 */
export class Passphrases {
  private readonly world: PassphraseWorld;
  private readonly known: string[] = [];
  private readonly pins = new Map<string, string>();
  private turn: Promise<unknown> = Promise.resolve();

  constructor(world: PassphraseWorld) {
    this.world = world;
  }

  /**
   * What `attempt` makes of the right passphrase.
   * @param name of the file or variable, for messages @param attempt undefined for a wrong passphrase
   * @throws approvals.key when it is wrong · usage when nobody can be asked, or the person does not answer
   */
  open<T extends object>(name: string, attempt: (passphrase: string) => T | undefined): Promise<T> {
    return this.inTurn(async () => {
      const given = this.given();
      if (given !== undefined)
        return attempt(given.passphrase) ?? fail(wrong(name, `what ${given.where} holds is not`));
      for (const passphrase of this.known) {
        const opened = attempt(passphrase);
        if (opened !== undefined) return opened;
      }
      return await this.askToOpen(name, attempt);
    });
  }

  /** A new passphrase: from the environment as it is, from a person twice. @throws usage */
  create(name: string): Promise<string> {
    return this.inTurn(async () => {
      const given = this.given();
      const passphrase = given?.passphrase ?? (await this.askTwice(name));
      if (passphrase.length < LEAST)
        throw new TufgateError(
          'usage',
          `the passphrase for ${name} is shorter than ${LEAST} characters: take a longer one`,
        );
      if (given === undefined) this.known.push(passphrase);
      return passphrase;
    });
  }

  /** The PIN of a token, asked once. There is one try: tokens lock themselves after a few. @throws usage */
  pin(token: string): Promise<string> {
    return this.inTurn(async () => {
      const before = this.pins.get(token);
      if (before !== undefined) return before;
      if (this.world.keyboard.isTTY !== true)
        throw new TufgateError(
          'usage',
          `the PIN of token ${token} is needed, and there is no terminal to ask on: add pin-source=env:NAME or pin-source=file:PATH to its pkcs11: URI`,
        );
      const pin = await this.ask(`PIN of token ${token}:`);
      this.pins.set(token, pin);
      return pin;
    });
  }

  /** After a failure: the next use asks anew, instead of wasting a try on the same PIN. */
  forgetPin(token: string): void {
    this.pins.delete(token);
  }

  private given(): { readonly passphrase: string; readonly where: string } | undefined {
    const { TUFGATE_PASSPHRASE: direct, TUFGATE_PASSPHRASE_FILE: file } = this.world.env;
    if (direct !== undefined && file !== undefined)
      throw new TufgateError('usage', 'TUFGATE_PASSPHRASE and TUFGATE_PASSPHRASE_FILE are both set: unset one');
    if (direct !== undefined) return filled(direct, 'TUFGATE_PASSPHRASE');
    return file === undefined ? undefined : filled(firstLine(file), file);
  }

  private async askToOpen<T>(name: string, attempt: (passphrase: string) => T | undefined): Promise<T> {
    this.needTerminal(name);
    for (let left = TRIES; left > 0; left--) {
      const passphrase = await this.ask(`Passphrase of ${name}:`);
      const opened = attempt(passphrase);
      if (opened === undefined) {
        if (left > 1) this.world.say('That is not its passphrase. Try again.');
        continue;
      }
      this.known.push(passphrase);
      return opened;
    }
    throw wrong(name, `none of ${TRIES} answers was`);
  }

  private async askTwice(name: string): Promise<string> {
    this.needTerminal(name);
    for (let left = TRIES; left > 0; left--) {
      const first = await this.ask(`New passphrase for ${name}, at least ${LEAST} characters:`);
      const short = first.length < LEAST;
      if (!short && first === (await this.ask('The same again:'))) return first;
      this.world.say(short ? `That is shorter than ${LEAST} characters.` : 'Those are not the same.');
    }
    throw new TufgateError('usage', `no passphrase was chosen for ${name}: nothing was changed`);
  }

  private needTerminal(name: string): void {
    if (this.world.keyboard.isTTY !== true)
      throw new TufgateError('usage', `the passphrase of ${name} is needed, and ${NO_TERMINAL}`);
  }

  private async ask(question: string): Promise<string> {
    const { keyboard, say } = this.world;
    const typed = await typedSecret(keyboard, () => say(question));
    if (typed.kind === 'line') return typed.text;
    throw new TufgateError('usage', 'not confirmed: nothing was changed');
  }

  /** Two keys that are opened at the same time ask one after the other. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => undefined);
    return result;
  }
}

/** A variable that CI left empty is not the passphrase "". */
function filled(passphrase: string, where: string): { readonly passphrase: string; readonly where: string } {
  if (passphrase === '') throw new TufgateError('usage', `${where} holds no passphrase: it is empty`);
  return { passphrase, where };
}

/** An editor puts a newline at the end: the passphrase is what stands before the first one. */
export function firstLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0] ?? '';
  } catch (cause) {
    throw new TufgateError('usage', `${file} cannot be read: create it, or make it readable for this user`, { cause });
  }
}

function wrong(name: string, what: string): TufgateError {
  return new TufgateError('approvals.key', `${name} was not opened: ${what} its passphrase, or it is damaged`);
}

function fail(error: TufgateError): never {
  throw error;
}
