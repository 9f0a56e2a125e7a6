// kill -9 at any moment, with legacy tables.
import { testKilled } from '../../support/killed.ts';

testKilled('iptables-legacy');
