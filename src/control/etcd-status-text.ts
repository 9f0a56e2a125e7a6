import { row } from './control-status-text.ts';
import type { EtcdStatus } from './etcd-status.ts';
import { STATUS_PAGE } from './pages.ts';

/** For people. */
export function etcdStatusText({ store, meshes, changed, mistakes }: EtcdStatus): string {
	return [
		row('definitions', `${store.at}, ${count(store.resources ?? 0)}`),
		...meshes.map(({ name, resources }) => row('mesh', `${name}, ${count(resources)}`)),
		row('changed', changed === undefined ? 'never by the API, as far as is recorded' : changedText(changed)),
		...mistakes.map((mistake) => row('mistake', mistake)),
		row('controls', 'any number serve it, and each knows its own Envoys and certificates. Ask each of them:'),
		row('', `curl http://CONTROL:8474${STATUS_PAGE}`),
		row('', `with keys: curl ${SIGNED} https://CONTROL:8474${STATUS_PAGE}`),
	].join('');
}

const SIGNED = '--aws-sigv4 aws:amz:REGION:appmesh --user ID:SECRET';

const count = (resources: number): string => (resources === 1 ? '1 resource' : `${resources} resources`);

function changedText({ at, by, operation, resource, version }: EtcdStatus['changed'] & object): string {
	const parts = [at, by, operation, resource, ...(version === undefined ? [] : [`version ${version}`])];
	return `last by the API: ${parts.join('  ')}`;
}
