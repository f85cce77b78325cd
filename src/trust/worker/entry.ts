import { parentPort, workerData } from 'node:worker_threads';
import { TufgateError } from '../../errors.ts';
import { openSqliteStore } from '../../state/sqlite/store.ts';
import { Desk } from './desk.ts';
import type { ToWorker, WorkerSettings } from './messages.ts';

/** 1 MiB: the thread that serves, whose own limit is higher, is spared the wait for the disk. */
const CHECKPOINT_PAGES = 256;

/** What the worker thread runs. It ends by itself once it was told to close. */
const port = parentPort;
if (port === null) throw new TufgateError('internal', 'this file is the beginning of a worker thread');
const settings = workerData as WorkerSettings;
const store = openSqliteStore(settings.database, CHECKPOINT_PAGES);
const desk = new Desk(store, settings, (message) => port.postMessage(message));

port.on('message', (message: ToWorker) => {
  if (message.kind === 'close') void store.close().finally(() => port.close());
  else void desk.take(message);
});
