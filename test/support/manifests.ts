// Manifests of Kubernetes as users of App Mesh have them, and what `turnout convert pod` makes of them.
import { parseAllDocuments } from 'yaml';
import { convertPods, type PodOptions } from '../../src/commands/pods/convert-pods.ts';
import type { Container } from '../../src/commands/pods/pod-templates.ts';

type Texts = Readonly<Record<string, string>>;

const PREFIX = 'appmesh.k8s.aws/';

export interface Pod {
	readonly metadata: { readonly annotations: Texts };
	readonly spec: {
		readonly containers: readonly Container[];
		readonly initContainers: readonly Container[];
		readonly volumes: readonly object[];
	};
}

export const usualOptions: PodOptions = {
	...{ image: 'turnout:1', envoyImage: 'envoy:1', isNative: true, mesh: 'shop', namespace: 'default' },
	...{ definitions: [], adsSocket: undefined, bootstrapOf: undefined },
};

/** The pods' template of a Deployment, indented as it stands there. */
export const deployment = (annotations: Texts = {}, more = '', labels = 'app: cart'): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart
spec:
  template:
    metadata:
      labels:
        ${labels}
      annotations:
        prometheus.io/scrape: "true"
${Object.entries(annotations)
	.map(([name, value]) => `        ${PREFIX}${name}: ${JSON.stringify(value)}\n`)
	.join('')}    spec:
      containers:
        - name: app
          image: cart:1 # as it was built
          ports:
            - containerPort: 8080
${more}`;

export const annotated = { ports: '8080', virtualNode: 'cart' } as const;

/** What the guide of 2019 shows, merged with an application. */
export const chapterPod = (meshed = 'mesh/meshName/virtualNode/virtualNodeName'): string => `apiVersion: v1
kind: Pod
metadata:
  name: service
spec:
  containers:
    - name: app
      image: app:1
    - name: envoy
      image: 111345817488.dkr.ecr.us-west-2.amazonaws.com/aws-appmesh-envoy:v1.9.1.0-prod
      securityContext:
        runAsUser: 1337
      env:
        - name: "APPMESH_VIRTUAL_NODE_NAME"
          value: "${meshed}"
        - name: "ENVOY_LOG_LEVEL"
          value: "info"
        - name: "AWS_REGION"
          value: "us-west-2"
  initContainers:
    - name: proxyinit
      image: 111345817488.dkr.ecr.us-west-2.amazonaws.com/aws-appmesh-proxy-route-manager:v2
      securityContext:
        capabilities:
          add:
            - NET_ADMIN
      env:
        - name: "APPMESH_START_ENABLED"
          value: "1"
        - name: "APPMESH_IGNORE_UID"
          value: "1337"
        - name: "APPMESH_ENVOY_INGRESS_PORT"
          value: "15000"
        - name: "APPMESH_ENVOY_EGRESS_PORT"
          value: "15001"
        - name: "APPMESH_APP_PORTS"
          value: "8080,22"
        - name: "APPMESH_EGRESS_IGNORED_IP"
          value: "169.254.169.254"
`;

export const virtualNode = (selector: string, more = ''): string => `apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualNode
metadata:
  name: cart
spec:
  podSelector: ${selector}
  listeners:
    - portMapping: { port: 9080, protocol: http }
    - portMapping: { port: 9443, protocol: tcp }
${more}`;

export function convert(text: string, options: Partial<PodOptions> = {}) {
	const converted = convertPods(text, 'pods.yaml', { ...usualOptions, ...options });
	const objects = parseAllDocuments(converted.text).flatMap((document) => {
		const value: Workload | null = document.toJS();
		return value === null ? [] : [value];
	});
	return { ...converted, objects, pods: objects.flatMap(podsOf) };
}

interface Workload {
	readonly kind: string;
	readonly items?: readonly Workload[];
	readonly spec?: { readonly template?: Pod; readonly jobTemplate?: { readonly spec: { readonly template: Pod } } };
}

function podsOf(object: Workload): Pod[] {
	const { kind, items = [], spec } = object;
	if (/List$/.test(kind)) return items.flatMap(podsOf);
	if (kind === 'Pod') return [object as unknown as Pod];
	const template = spec?.jobTemplate?.spec.template ?? spec?.template;
	return template === undefined ? [] : [template];
}

/** The only pod of a file, and its two containers. */
export function convertedPod(text: string, options: Partial<PodOptions> = {}) {
	const { pods, ...converted } = convert(text, options);
	const [pod] = pods;
	if (pod === undefined || pods.length > 1) throw new Error(`${pods.length} pods`);
	const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
	const named = (name: string): Container => all.find((each) => each.name === name) ?? { name: `no ${name}` };
	const turnout = named('turnout');
	return { ...converted, pod, turnout, envoy: named('envoy'), variables: variablesOf(turnout) };
}

export const variablesOf = ({ env }: Container): Texts =>
	Object.fromEntries((env ?? []).map(({ name, value = '' }) => [name, value]));
