// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are templates of the definitions' own
// The guide's example as users of other tools hold it: each means what test/support/guide-mesh.ts means.
import { stringify } from 'yaml';
import type { DefinitionFile } from '../../src/mesh/load-mesh.ts';
import { parseFile } from '../../src/mesh/parse-file.ts';
import { guideFiles, guideResources } from './guide-mesh.ts';

export interface GuideFormat {
	readonly format: string;
	readonly files: readonly DefinitionFile[];
	readonly parameters?: ReadonlyMap<string, string>;
}

const cloudFormationYaml = `
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  MeshName: {Type: String, Default: simpleapp}
  Domain: {Type: String}
  Port: {Type: Number, Default: 80}
Conditions:
  HasCanary: !Not [!Equals [!Ref AWS::Region, us-east-1]]
Mappings:
  Weights:
    canary: {old: 90, new: 10}
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.0.0.0/16}
  Mesh:
    Type: AWS::AppMesh::Mesh
    Properties: {MeshName: !Ref MeshName}
  NodeA:
    Type: AWS::AppMesh::VirtualNode
    Properties:
      MeshName: !GetAtt Mesh.MeshName
      VirtualNodeName: serviceA
      Spec:
        Backends:
          - VirtualService: {VirtualServiceName: !GetAtt Service.VirtualServiceName}
        Listeners: &listeners
          - PortMapping: {Port: !Ref Port, Protocol: http}
        ServiceDiscovery: {DNS: {Hostname: !Sub 'servicea.\${Domain}'}}
  NodeB:
    Type: AWS::AppMesh::VirtualNode
    Properties:
      MeshName: !GetAtt Mesh.MeshName
      VirtualNodeName: serviceB
      Spec:
        Listeners: *listeners
        ServiceDiscovery: {DNS: {Hostname: !Join ['.', [serviceb, !Ref Domain]]}}
  NodeB2:
    Type: AWS::AppMesh::VirtualNode
    Condition: HasCanary
    Properties:
      MeshName: !GetAtt Mesh.MeshName
      VirtualNodeName: serviceBv2
      Spec:
        Listeners: *listeners
        ServiceDiscovery: {DNS: {Hostname: !Sub ['\${Name}.\${Domain}', {Name: servicebv2}]}}
  Router:
    Type: AWS::AppMesh::VirtualRouter
    Properties:
      MeshName: !Ref Mesh
      VirtualRouterName: serviceB
      Spec: {Listeners: *listeners}
  Route:
    Type: AWS::AppMesh::Route
    DependsOn: [Router]
    Properties:
      MeshName: !Ref Mesh
      VirtualRouterName: !Ref Router
      RouteName: serviceB-route
      Spec:
        HttpRoute:
          Action:
            WeightedTargets:
              - {VirtualNode: !GetAtt NodeB.VirtualNodeName, Weight: !FindInMap [Weights, canary, old]}
              - !If
                - HasCanary
                - {VirtualNode: !Ref NodeB2, Weight: !FindInMap [Weights, canary, new]}
                - !Ref AWS::NoValue
          Match: {Prefix: /}
  Service:
    Type: AWS::AppMesh::VirtualService
    Properties:
      MeshName: !Ref Mesh
      VirtualServiceName: !Sub 'serviceB.\${Domain}'
      Spec: {Provider: {VirtualRouter: {VirtualRouterName: !GetAtt [Router, VirtualRouterName]}}}
`;

const kubernetes = `
apiVersion: v1
kind: Namespace
metadata: {name: prod, labels: {mesh: simpleapp}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: Mesh
metadata: {name: simpleapp}
spec:
  namespaceSelector: {matchLabels: {mesh: simpleapp}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualNode
metadata: {name: a, namespace: prod}
spec:
  awsName: serviceA
  podSelector: {matchLabels: {app: a}}
  listeners: [{portMapping: {port: 80, protocol: http}}]
  backends: [{virtualService: {virtualServiceRef: {name: b}}}]
  serviceDiscovery: {dns: {hostname: servicea.simpleapp.local}}
---
apiVersion: v1
kind: List
items:
- apiVersion: appmesh.k8s.aws/v1beta2
  kind: VirtualNode
  metadata: {name: b1, namespace: prod}
  spec:
    awsName: serviceB
    listeners: [{portMapping: {port: 80, protocol: http}}]
    serviceDiscovery: {dns: {hostname: serviceb.simpleapp.local}}
- apiVersion: appmesh.k8s.aws/v1beta2
  kind: VirtualNode
  metadata: {name: b2, namespace: canary}
  spec:
    awsName: serviceBv2
    listeners: [{portMapping: {port: 80, protocol: http}}]
    serviceDiscovery: {dns: {hostname: servicebv2.simpleapp.local}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualRouter
metadata: {name: b, namespace: prod}
spec:
  awsName: serviceB
  listeners: [{portMapping: {port: 80, protocol: http}}]
  routes:
  - name: serviceB-route
    httpRoute:
      match: {prefix: /}
      action:
        weightedTargets:
        - {virtualNodeRef: {name: b1}, weight: 90}
        - {virtualNodeRef: {name: b2, namespace: canary}, weight: 10}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualService
metadata: {name: b, namespace: prod}
spec:
  awsName: serviceB.simpleapp.local
  provider: {virtualRouter: {virtualRouterRef: {name: b}}}
`;

type Fields = Readonly<Record<string, unknown>>;

const kindOf = (resource: Fields): string => {
	const names = Object.keys(resource).filter((key) => /Name$/.test(key));
	const own = ['routeName', ...names].find((key) => names.includes(key) && key !== 'meshName') ?? 'meshName';
	return own.slice(0, -'Name'.length);
};

/** `aws appmesh describe-… > FILE`, one for each resource, and the lists that led to them. */
const describeFiles = (): DefinitionFile[] => {
	const metadata = { arn: 'arn:aws:appmesh:…', createdAt: 1_571_000_000.5, uid: 'x', version: 1 };
	const described = (guideResources() as Fields[]).map((resource, at) => ({
		path: `describe-${at}.json`,
		text: JSON.stringify({ [kindOf(resource)]: { ...resource, metadata, status: { status: 'ACTIVE' } } }),
	}));
	const nodes = ['serviceA', 'serviceB', 'serviceBv2'].map((virtualNodeName) => ({
		meshName: 'simpleapp',
		virtualNodeName,
	}));
	return [...described, { path: 'list.json', text: JSON.stringify({ virtualNodes: nodes, nextToken: null }) }];
};

/** What `--spec` took, the names in the files' names and in parameters. */
const specFiles = (): DefinitionFile[] =>
	(guideResources() as Fields[]).map((resource) => {
		const kind = kindOf(resource);
		return { path: `${resource[`${kind}Name`]}.${kind}.json`, text: JSON.stringify({ spec: resource['spec'] }) };
	});

const block = (values: object): object[] => [values];
const terraformNode = (name: string, backend: readonly object[]) => ({
	type: 'aws_appmesh_virtual_node',
	values: {
		...{ name, mesh_name: 'simpleapp', mesh_owner: '123456789012', arn: 'arn:aws:appmesh:…', tags: {} },
		spec: block({
			...{ backend, backend_defaults: [], logging: [] },
			listener: block({
				port_mapping: block({ port: 80, protocol: 'http' }),
				...{ connection_pool: [], health_check: [], outlier_detection: [], timeout: [], tls: [] },
			}),
			service_discovery: block({
				aws_cloud_map: [],
				dns: block({ hostname: `${name.toLowerCase()}.simpleapp.local`, ip_preference: '', response_type: '' }),
			}),
		}),
	},
});

const weighted = (virtual_node: string, weight: number) => ({ virtual_node, weight, port: 0 });

const terraformParts = [
	{ type: 'aws_vpc', values: { cidr_block: '10.0.0.0/16' } },
	{ type: 'aws_appmesh_mesh', values: { name: 'simpleapp', spec: [] } },
	terraformNode('serviceA', [
		{ virtual_service: block({ client_policy: [], virtual_service_name: 'serviceB.simpleapp.local' }) },
	]),
	terraformNode('serviceB', []),
	terraformNode('serviceBv2', []),
	{
		type: 'aws_appmesh_virtual_router',
		values: {
			...{ name: 'serviceB', mesh_name: 'simpleapp' },
			spec: block({ listener: block({ port_mapping: block({ port: 80, protocol: 'http' }) }) }),
		},
	},
	{
		type: 'aws_appmesh_route',
		values: {
			...{ name: 'serviceB-route', mesh_name: 'simpleapp', virtual_router_name: 'serviceB' },
			spec: block({
				...{ grpc_route: [], http2_route: [], priority: 0, tcp_route: [] },
				http_route: block({
					action: block({ weighted_target: [weighted('serviceB', 90), weighted('serviceBv2', 10)] }),
					match: block({ header: [], method: '', path: [], port: 0, prefix: '/', query_parameter: [], scheme: '' }),
					...{ retry_policy: [], timeout: [] },
				}),
			}),
		},
	},
	{
		type: 'aws_appmesh_virtual_service',
		values: {
			...{ name: 'serviceB.simpleapp.local', mesh_name: 'simpleapp' },
			spec: block({
				provider: block({ virtual_node: [], virtual_router: block({ virtual_router_name: 'serviceB' }) }),
			}),
		},
	},
].map((resource, at) => ({ ...resource, mode: 'managed', name: `r${at}`, address: `${resource.type}.r${at}` }));

const root_module = {
	resources: terraformParts.slice(0, 3),
	child_modules: [{ address: 'module.b', resources: terraformParts.slice(3) }],
};

const terraformState = {
	...{ version: 4, terraform_version: '1.5.7', serial: 3, lineage: 'x', outputs: {} },
	resources: terraformParts.map(({ values, ...resource }) => ({ ...resource, instances: [{ attributes: values }] })),
};

const json = (path: string, value: unknown): DefinitionFile[] => [{ path, text: JSON.stringify(value, null, 2) }];

const domain = new Map([
	['Domain', 'simpleapp.local'],
	['AWS::Region', 'eu-west-1'],
]);

export const guideFormats: readonly GuideFormat[] = [
	{ format: 'CLI JSON', files: guideFiles() },
	{
		format: 'CLI JSON in YAML',
		files: guideFiles().map(({ path, text }) => ({ path, text: stringify(JSON.parse(text)) })),
	},
	{ format: 'describe-… and list-…', files: describeFiles() },
	{
		...{ format: 'specs alone', files: specFiles() },
		parameters: new Map(Object.entries({ meshName: 'simpleapp', virtualRouterName: 'serviceB' })),
	},
	{
		format: 'templates',
		files: guideFiles().map(({ path, text }) => ({
			path,
			text: text
				.replaceAll('"simpleapp"', '"${MESH}"')
				.replaceAll('.simpleapp.', '.${MESH}.')
				.replaceAll(': 80,', ': ${PORT},'),
		})),
		parameters: new Map(Object.entries({ MESH: 'simpleapp', PORT: '80' })),
	},
	{ format: 'CloudFormation, YAML', files: [{ path: 'mesh.yaml', text: cloudFormationYaml }], parameters: domain },
	{
		format: 'CloudFormation, JSON',
		files: json('t.json', parseFile(cloudFormationYaml, '').documents[0]?.value),
		parameters: domain,
	},
	{ format: 'Kubernetes', files: [{ path: 'mesh.yaml', text: kubernetes }] },
	{ format: 'Terraform, state file', files: json('terraform.tfstate', terraformState) },
	{
		format: 'terraform show -json of a state',
		files: json('s.json', { format_version: '1.0', terraform_version: '1.5.7', values: { root_module } }),
	},
	{
		format: 'terraform show -json of a plan',
		files: json('p.json', {
			format_version: '1.2',
			terraform_version: '1.5.7',
			planned_values: { root_module },
			resource_changes: [],
		}),
	},
];
