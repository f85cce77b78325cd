import { hashingContract } from '../../test/contract/hashing.ts';
import { inlineHashing } from './inline-hashing.ts';

hashingContract('here', () => inlineHashing);
