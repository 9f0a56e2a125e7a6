// kill -9 at any moment, with a table of nft.
import { testKilled } from '../../support/killed.ts';

testKilled('nft');
