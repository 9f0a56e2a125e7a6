// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are templates of the definitions' own
// The guide's example as users of other tools hold it: each means what test/support/guide-mesh.ts means.
import type { DefinitionFile } from '../../src/mesh/load-mesh.ts';
import { guideFiles } from './guide-mesh.ts';

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

const domain = new Map([
	['Domain', 'simpleapp.local'],
	['AWS::Region', 'eu-west-1'],
]);

export const guideFormats: readonly GuideFormat[] = [
	{ format: 'CLI JSON', files: guideFiles() },
	{ format: 'CloudFormation, YAML', files: [{ path: 'mesh.yaml', text: cloudFormationYaml }], parameters: domain },
	{ format: 'Kubernetes', files: [{ path: 'mesh.yaml', text: kubernetes }] },
];
