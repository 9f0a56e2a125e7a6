import { createHost, type Host } from '../lab/net/host.ts';
import { type Dialect, restore } from '../lab/net/restore.ts';

/**
 * A host on which somebody has a rule in the table `nat` of both families: the tables are there, so that nobody is
 * measured making them, and `backend: auto` has a reason to take this dialect.
 */
export function createPlace(dialect: Dialect): Host {
	const lab = createHost({ container: false });
	restore(lab.host, dialect, () => '*nat\n-A POSTROUTING -o tun0 -j MASQUERADE\nCOMMIT\n');
	return lab;
}
