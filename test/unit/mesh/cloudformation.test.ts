// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are templates of the definitions' own
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Given, readFiles, readText } from '../../support/imported.ts';

const head = [
	'Parameters:',
	'  Name: {Type: String, Default: box}',
	'  Size: {Type: String, AllowedValues: [small, large], Default: small}',
	'  Hosts: {Type: CommaDelimitedList, Default: "one, two"}',
	'  Open: {Type: String}',
	'  Secret: {Type: "AWS::SSM::Parameter::Value<String>", Default: /path/of/it}',
	'Mappings:',
	'  Zones: {eu: {zone: eu.example}}',
	'Conditions:',
	'  IsSmall: !Equals [!Ref Size, small]',
	'  IsLarge: !Not [!Condition IsSmall]',
	'  Both: !And [!Condition IsSmall, !Condition IsLarge]',
	'  Either: !Or [!Condition IsSmall, {Condition: IsLarge}]',
	'  Round: !Or [!Condition About]',
	'  About: !Or [!Condition Round]',
	'Resources:',
	'  Bucket: {Type: AWS::S3::Bucket}',
	'  Mesh: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: m}}',
	'  Other: {Type: AWS::AppMesh::VirtualNode, Properties: {MeshName: m, VirtualNodeName: other-node, Spec: {}}}',
	'  Route:',
	'    Type: AWS::AppMesh::Route',
	'    Properties: {MeshName: m, VirtualRouterName: r, RouteName: q, Spec: {TcpRoute: {Action: {WeightedTargets: [{VirtualNode: other-node, Weight: 1}]}}}}',
	'  First: {Type: AWS::AppMesh::VirtualNode, Properties: {MeshName: m, VirtualNodeName: !Ref Second, Spec: {}}}',
	'  Second: {Type: AWS::AppMesh::VirtualNode, Properties: {MeshName: m, VirtualNodeName: !GetAtt First.VirtualNodeName, Spec: {}}}',
];
/** Those that are wrong whatever is tested. */
const whole = head.filter((line) => !/^ {2}(First|Second|Round|About):/.test(line));

const template = (hostname: string, lines: readonly string[] = whole): string =>
	[
		...lines,
		'  Node:',
		'    Type: AWS::AppMesh::VirtualNode',
		'    Properties:',
		'      MeshName: m',
		'      VirtualNodeName: node',
		'      Spec:',
		'        ServiceDiscovery:',
		'          DNS:',
		`            Hostname: ${hostname}`,
	].join('\n');

const hostnameOf = (value: string, given?: Given): unknown => {
	const { resources, errors } = readText(template(value), given);
	assert.deepEqual(errors, []);
	const node = resources.find(({ virtualNodeName }) => virtualNodeName === 'node');
	return (node as { spec: { serviceDiscovery: { dns: { hostname: unknown } } } }).spec.serviceDiscovery.dns.hostname;
};

describe('functions of CloudFormation', () => {
	const table: readonly (readonly [value: string, text: string, given?: Given])[] = [
		['!Ref Name', 'box'],
		['{Ref: Name}', 'box'],
		['!Ref Name', 'crate', { Name: 'crate' }],
		['!Ref Open', 'given', { Open: 'given' }],
		['!Ref Secret', 'told', { Secret: 'told' }],
		['!Ref Mesh', 'm'],
		['!Ref Other', 'other-node'],
		['!Ref Bucket', 'my-bucket', { Bucket: 'my-bucket' }],
		['!Ref AWS::Region', 'eu-west-1', { 'AWS::Region': 'eu-west-1' }],
		['!Ref AWS::Partition', 'aws'],
		['!GetAtt Other.VirtualNodeName', 'other-node'],
		['!GetAtt [Other, MeshName]', 'm'],
		['!GetAtt Route.VirtualRouterName', 'r'],
		['!GetAtt Bucket.DomainName', 'b.example', { 'Bucket.DomainName': 'b.example' }],
		['!GetAtt Mesh.Arn', 'arn:aws:appmesh:::mesh/m'],
		[
			'!GetAtt Other.Arn',
			'arn:aws:appmesh:eu:1:mesh/m/virtualNode/other-node',
			{ 'AWS::Region': 'eu', 'AWS::AccountId': '1' },
		],
		['!GetAtt Route.Arn', 'arn:aws:appmesh:::mesh/m/virtualRouter/r/route/q'],
		["!Sub 'a-${Name}.${AWS::Region}-${!Kept}'", 'a-box.eu-$${Kept}', { 'AWS::Region': 'eu' }],
		["!Sub '${Other.VirtualNodeName}:${Other}'", 'other-node:other-node'],
		["!Sub ['${x}.${Name}', {x: !Ref Size}]", 'small.box'],
		["!Join ['.', [a, !Ref Name, 80]]", 'a.box.80'],
		["!Join ['.', !Ref Hosts]", 'one.two'],
		["!Join ['', !Split ['-', a-b-c]]", 'abc'],
		['!Select [1, !Ref Hosts]', 'two'],
		["!Select ['0', [x, y]]", 'x'],
		['!FindInMap [Zones, eu, zone]', 'eu.example'],
		['!FindInMap [Zones, us, zone, {DefaultValue: none}]', 'none'],
		['!If [IsSmall, yes-it-is, !Ref Open]', 'yes-it-is'],
		['!If [IsLarge, large, small]', 'large', { Size: 'large' }],
		['!If [Both, both, one]', 'one'],
		['!If [Either, either, none]', 'either'],
		['!Base64 héllo', 'aMOpbGxv'],
		['!ImportValue elsewhere', 'there', { elsewhere: 'there' }],
		['12345', '12345'],
	];
	for (const [value, text, given] of table)
		test(`${value} is ${text}`, () => assert.equal(hostnameOf(value, given), text));

	test('what cannot be worked out names the parameter to give, at its line', () => {
		const line = template('').split('\n').length;
		const path = 'Resources\\.Node\\.Properties\\.Spec\\.ServiceDiscovery\\.DNS\\.Hostname';
		const wrong: readonly (readonly [value: string, told: string, given?: Given])[] = [
			['!Ref Open', 'the parameter "Open" has no value; give it as a parameter: Open=VALUE'],
			['!Ref Secret', 'the parameter "Secret" has no value; give it as a parameter: Secret=VALUE'],
			['!Ref Size', 'the parameter "Size" may not be "huge"; one of small, large', { Size: 'huge' }],
			['!Ref AWS::Region', '.*; give it as a parameter: AWS::Region=VALUE'],
			['!Ref Bucket', '"Bucket" is a resource whose name only AWS knows; give it as a parameter: Bucket=VALUE'],
			['!GetAtt Bucket.Arn', '.*; give it as a parameter: Bucket\\.Arn=VALUE'],
			['!GetAtt Other.Uid', '.*; give it as a parameter: Other\\.Uid=VALUE'],
			['!Ref Nam', 'the template has no parameter or resource "Nam"; did you mean "Name"\\?'],
			["!Sub 'x${Opne}'", 'the template has no parameter or resource "Opne"; did you mean "Open"\\?'],
			['!ImportValue elsewhere', 'no template here exports "elsewhere"; add that template .* elsewhere=VALUE'],
			['!FindInMap [Zones, us, zone]', 'the template\'s mappings have no "Zones" → "us" → "zone"; '],
			['!If [IsMedium, a, b]', 'the template has no condition "IsMedium"; '],
			['!Select [2, !Ref Hosts]', 'there is no item 2 in a list of 2; '],
			['!GetAZs eu', 'Fn::GetAZs cannot be worked out here; write its result instead; known: Ref, '],
			['!Join [a]', 'a list of 2 arguments is needed here; '],
			['!Join [a, b]', 'a list is needed here; '],
			['!Sub [[a]]', 'a text is needed here; '],
		];
		for (const [value, told, given] of wrong) {
			const { errors } = readText(template(value), given);
			assert.match(errors.join('\n'), new RegExp(`^${line}: ${path}\\S*: ${told}`), value);
			assert.equal(errors.length, 1, errors.join('\n'));
		}
	});

	test('names and conditions that lead back to themselves', () => {
		assert.match(
			readText(template('x', head)).errors.join('\n'),
			/Second\.VirtualNodeName refers to itself: Second\.VirtualNodeName → First\.VirtualNodeName → Second/,
		);
		const { errors } = readText(
			template(
				'!If [Round, a, b]',
				head.filter((line) => !/^ {2}(First|Second):/.test(line)),
			),
		);
		assert.match(
			errors.join('\n'),
			/condition Round refers to itself: condition Round → condition About → condition Round/,
		);
	});

	test('conditions and texts that double each other are worked out once', { timeout: 10_000 }, () => {
		const names = Array.from({ length: 60 }, (_, at) => at);
		const conditions = names.map((at) => `  C${at}: !And [!Condition C${at + 1}, !Condition C${at + 1}]`);
		const lines = whole.flatMap((line) =>
			line === 'Conditions:' ? [line, ...conditions, '  C60: !Equals [a, a]'] : [line],
		);
		assert.deepEqual(readText(template('!If [C0, a, b]', lines)).errors, []);
		const nodes = names.map(
			(at) =>
				`  N${at}: {Type: AWS::AppMesh::VirtualNode, Properties: {MeshName: m, VirtualNodeName: !Sub '\${N${at + 1}}\${N${at + 1}}'}}`,
		);
		const { errors } = readText(
			template('x', [
				...whole,
				...nodes,
				'  N60: {Type: AWS::AppMesh::VirtualNode, Properties: {MeshName: m, VirtualNodeName: n}}',
			]),
		);
		assert.match(errors.join('\n'), /it makes a text of more than 1000000 characters/);
	});
});

describe('templates of CloudFormation', () => {
	test('a resource whose condition is not met is left out, and so is what is no resource of App Mesh', () => {
		const lines = [...whole, '  Gone: {Type: AWS::AppMesh::Mesh, Condition: IsLarge, Properties: {MeshName: gone}}'];
		const { resources } = readText(template('x', lines));
		assert.deepEqual([...new Set(resources.map(({ meshName }) => meshName))], ['m']);
	});

	test('JSON gives the same as YAML', () => {
		const json = {
			Resources: {
				Mesh: { Type: 'AWS::AppMesh::Mesh', Properties: { MeshName: { 'Fn::Join': ['-', ['a', { Ref: 'X' }]] } } },
			},
			Parameters: { X: { Type: 'Number', Default: 1 } },
		};
		assert.deepEqual(readText(JSON.stringify(json)).resources, [{ meshName: 'a-1', spec: {} }]);
	});

	test('numbers and booleans may be texts, and texts numbers', () => {
		const { resources, errors } = readText(`
Parameters: {Port: {Type: String, Default: '8080'}}
Resources:
  N:
    Type: AWS::AppMesh::VirtualNode
    Properties:
      MeshName: 1
      VirtualNodeName: n
      Spec:
        Listeners: [{PortMapping: {Port: !Ref Port, Protocol: http}}]
        BackendDefaults: {ClientPolicy: {TLS: {Enforce: 'true', Validation: {Trust: {ACM: {CertificateAuthorityArns: [x]}}}}}}
`);
		assert.deepEqual(errors, []);
		assert.deepEqual(JSON.parse(JSON.stringify(resources)), [
			{
				meshName: '1',
				virtualNodeName: 'n',
				spec: {
					backendDefaults: {
						clientPolicy: {
							tls: { enforce: true, validation: { trust: { acm: { certificateAuthorityArns: ['x'] } } } },
						},
					},
					listeners: [{ portMapping: { port: 8080, protocol: 'http' } }],
				},
			},
		]);
	});

	test('names that are not those of the API with a capital', () => {
		const { resources, errors } = readText(`
Resources:
  N:
    Type: AWS::AppMesh::VirtualNode
    Properties:
      MeshName: m
      VirtualNodeName: n
      Spec:
        ServiceDiscovery: {AWSCloudMap: {NamespaceName: n, ServiceName: s, IpPreference: IPv4_ONLY, Attributes: [{Key: k, Value: v}]}}
        Logging: {AccessLog: {File: {Path: /l, Format: {Json: [{Key: k, Value: v}]}}}}
        Listeners:
          - PortMapping: {Port: 1, Protocol: http}
            ConnectionPool: {HTTP: {MaxConnections: 1}}
            Timeout: {HTTP: {Idle: {Unit: s, Value: 1}}}
            TLS: {Mode: STRICT, Certificate: {ACM: {CertificateArn: c}}, Validation: {Trust: {SDS: {SecretName: x}}}}
          - {PortMapping: {Port: 2, Protocol: http2}, ConnectionPool: {HTTP2: {MaxRequests: 1}}, Timeout: {HTTP2: {PerRequest: {Unit: ms, Value: 1}}}}
          - {PortMapping: {Port: 3, Protocol: grpc}, ConnectionPool: {GRPC: {MaxRequests: 1}}, Timeout: {GRPC: {}}}
          - {PortMapping: {Port: 4, Protocol: tcp}, ConnectionPool: {TCP: {MaxConnections: 1}}, Timeout: {TCP: {}}}
`);
		assert.deepEqual(errors, []);
		const { serviceDiscovery, listeners } = JSON.parse(JSON.stringify(resources[0]?.['spec'])) as {
			serviceDiscovery: object;
			listeners: { connectionPool: object; timeout: object; tls?: object }[];
		};
		assert.deepEqual(Object.keys(serviceDiscovery), ['awsCloudMap']);
		const kinds = listeners.map(({ connectionPool, timeout }) => [
			...Object.keys(connectionPool),
			...Object.keys(timeout),
		]);
		assert.deepEqual(
			kinds,
			['http', 'http2', 'grpc', 'tcp'].map((kind) => [kind, kind]),
		);
		assert.deepEqual(listeners[0]?.tls, {
			certificate: { acm: { certificateArn: 'c' } },
			mode: 'STRICT',
			validation: { trust: { sds: { secretName: 'x' } } },
		});
	});

	test('an unknown property is told by its own name with those that there are', () => {
		const { errors } = readText(template('x').replace('Hostname:', 'HostName:'));
		assert.match(
			errors.join('\n'),
			/^\d+: Resources\.Node\.Properties\.Spec\.ServiceDiscovery\.DNS\.HostName: unknown field "HostName"; did you mean Hostname\? known: Hostname, /,
		);
	});

	test('a value out of bounds is told with the path in the template', () => {
		const { errors } = readText(`
Resources:
  N:
    Type: AWS::AppMesh::VirtualRouter
    Properties: {MeshName: m, VirtualRouterName: r, Spec: {Listeners: [{PortMapping: {Port: 0, Protocol: http}}]}}
`);
		assert.deepEqual(errors, [
			'5: Resources.N.Properties.Spec.Listeners[0].PortMapping.Port: 0 is out of bounds; from 1 to 65535',
		]);
	});

	test('one template imports what another exports', () => {
		const mesh = `
Parameters: {Env: {Type: String, Default: prod}}
Resources: {Mesh: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: m}}}
Outputs: {Mesh: {Value: !GetAtt Mesh.MeshName, Export: {Name: !Sub '\${Env}:Mesh'}}}
`;
		const node = `
Resources: {N: {Type: AWS::AppMesh::VirtualNode, Properties: {MeshName: !ImportValue 'prod:Mesh', VirtualNodeName: n}}}
`;
		const { resources, errors } = readFiles([
			{ path: 'a', text: node },
			{ path: 'b', text: mesh },
		]);
		assert.deepEqual(errors, []);
		assert.deepEqual(resources, [
			{ meshName: 'm', spec: {} },
			{ meshName: 'm', virtualNodeName: 'n', spec: {} },
		]);
	});

	test('a name that CloudFormation makes up is told', () => {
		const { resources, warnings } = readText(
			'Resources: {N: {Type: AWS::AppMesh::VirtualNode, Properties: {MeshName: m, Spec: {}}}}',
		);
		assert.deepEqual(resources, [{ meshName: 'm', virtualNodeName: 'N', spec: {} }]);
		assert.match(warnings.join(), /without VirtualNodeName CloudFormation makes a name up; here it is called N/);
	});
});
