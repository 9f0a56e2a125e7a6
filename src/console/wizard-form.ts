import type { ShownResource } from '../mesh/console-protocol.ts';
import type { Mistake, ResourceKey } from '../mesh/resource.ts';
import { type Kind, nameKey } from '../mesh/schema/kinds.ts';
import { judge } from './check-draft.ts';
import { emptyForm, type Step, type WizardForm, wizardFields } from './wizard-fields.ts';

export interface Draft {
	readonly key: ResourceKey;
	readonly spec: object;
}

/** What the wizard makes, in the order in which one needs the other. */
export function draftsOf(form: WizardForm): readonly Draft[] {
	const key = (kind: Kind, name: string, parent = ''): ResourceKey => ({ kind, mesh: form.mesh, parent, name });
	return [
		{ key: key('mesh', form.mesh), spec: {} },
		{ key: key('virtualNode', form.node), spec: nodeSpec(form) },
		{
			key: key('virtualRouter', form.router),
			spec: { listeners: [{ portMapping: { port: numberIn(form.routerPort), protocol: form.routerProtocol } }] },
		},
		{ key: key('route', form.route, form.router), spec: routeSpec(form) },
		{
			key: key('virtualService', form.service),
			spec: { provider: { virtualRouter: { virtualRouterName: form.router } } },
		},
	];
}

function nodeSpec(form: WizardForm): object {
	const backends = form.backends.split('\n').map((name) => name.trim());
	const called = backends.filter((name) => name !== '');
	return {
		...(form.hasListener ? { listeners: [listener(form)] } : {}),
		...(form.discovery === 'DNS' ? { serviceDiscovery: { dns: { hostname: form.hostname } } } : {}),
		...(called.length === 0
			? {}
			: { backends: called.map((virtualServiceName) => ({ virtualService: { virtualServiceName } })) }),
		...(form.accessLog === '' ? {} : { logging: { accessLog: { file: { path: form.accessLog } } } }),
	};
}

const listener = (form: WizardForm): object => ({
	portMapping: { port: numberIn(form.port), protocol: form.protocol },
	...(form.hasHealthCheck ? { healthCheck: healthCheck(form) } : {}),
});

const healthCheck = (form: WizardForm): object => ({
	protocol: form.healthProtocol,
	...(form.healthPort === '' ? {} : { port: numberIn(form.healthPort) }),
	...(form.healthProtocol === 'http' ? { path: form.healthPath } : {}),
	healthyThreshold: numberIn(form.healthyThreshold),
	unhealthyThreshold: numberIn(form.unhealthyThreshold),
	intervalMillis: numberIn(form.healthInterval),
	timeoutMillis: numberIn(form.healthTimeout),
});

function routeSpec(form: WizardForm): object {
	const action = { weightedTargets: [{ virtualNode: form.node, weight: numberIn(form.weight) }] };
	switch (form.routeType) {
		case 'http':
		case 'http2':
			return { [`${form.routeType}Route`]: { match: { prefix: form.prefix }, action } };
		case 'grpc':
			return { grpcRoute: { match: {}, action } };
		case 'tcp':
			return { tcpRoute: { action } };
	}
}

/** What is no number stays what it is, and is told as such. */
const numberIn = (text: string): unknown => (/^\d{1,9}$/.test(text.trim()) ? Number(text) : text);

/** A mistake, and the field that it is of; undefined: of none, or of several. */
export interface FormMistake extends Pick<Mistake, 'path' | 'why' | 'hint'> {
	readonly field: keyof WizardForm | undefined;
}

/** Of a step, and of those before it. What these make is judged as if it was there. */
export function formMistakes(form: WizardForm, step: Step): FormMistake[] {
	const placeOf = (kind: Kind) => (path: string) => ({ file: kind, line: 1, path });
	const known: ShownResource[] = [];
	return draftsOf(form).flatMap((draft) => {
		const { kind } = draft.key;
		if (stepOf[kind] > step) return [];
		// The service of the first step is provided by what the third one makes.
		const spec = kind === 'virtualService' && step < 3 ? {} : draft.spec;
		const found = judge({ ...draft.key, spec, placeOf: placeOf(kind) }, known).mistakes;
		known.push(asShown({ ...draft, spec }));
		// The name of the mesh is told once, by the mesh.
		const own = found.filter(({ path }) => kind === 'mesh' || path !== 'meshName');
		return own.map(({ path, why, hint }) => ({ path, why, hint, field: fieldAt(kind, path) }));
	});
}

const stepOf: Readonly<Record<Kind, Step>> = {
	...{ mesh: 1, virtualService: 1, virtualNode: 2, virtualRouter: 3, route: 3 },
	...{ virtualGateway: 3, gatewayRoute: 3 },
};

const unmade = { arn: '', uid: '', version: 1, createdAt: '', updatedAt: '', tags: [], revision: '' };

const asShown = ({ key, spec }: Draft): ShownResource => ({ ...key, ...unmade, spec });

/** The one whose path is the longest around it. */
function fieldAt(kind: Kind, path: string): keyof WizardForm | undefined {
	const around = wizardFields
		.filter((field) => field.kind === kind && (path === field.path || path.startsWith(`${field.path}.`)))
		.toSorted((a, b) => b.path.length - a.path.length);
	const ofName = wizardFields.find((field) => field.kind === kind && field.path === nameKey(kind));
	return (around[0] ?? (path === '' ? ofName : undefined))?.id;
}

/** What was kept, as far as it is such a form. */
export function restoredForm(kept: unknown): WizardForm {
	const given = (typeof kept === 'object' && kept !== null ? kept : {}) as Readonly<Record<string, unknown>>;
	const known = Object.entries(emptyForm).map(([id, initial]) => {
		const value = given[id];
		return [id, typeof value === typeof initial ? value : initial];
	});
	return Object.fromEntries(known) as WizardForm;
}
