// kill -9 at any moment, with iptables' tables.
import { testKilled } from '../../support/killed.ts';

testKilled('iptables-nft');
