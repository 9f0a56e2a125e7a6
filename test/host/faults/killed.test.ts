// kill -9 at any moment, with nft tables.
import { testKilled } from '../../support/killed.ts';

testKilled('nft');
