/** What `turnout control` takes beside where templates are filled from, and how help tells it. */
export const controlOptions = {
	definitions: {
		type: 'string',
		help: "FOLDER, or etcd://HOST:2379,HOST2:2379/PREFIX: where resources are kept; else the settings' mesh.definitions",
	},
	listen: {
		type: 'string',
		help: 'ADDRESS:PORT (without keys: of the loopback), or the PATH of a unix socket; 127.0.0.1:8474',
	},
	ads: {
		type: 'string',
		help: 'ADDRESS:PORT: where Envoys of other hosts get their configuration, each by a certificate or a key',
	},
	certificate: { type: 'string', help: "FILE: this server's certificate; with it, TLS for the API and for Envoys" },
	'private-key': { type: 'string', help: 'FILE: its key' },
	'client-ca': { type: 'string', help: 'FILE: authorities whose certificates say which node an Envoy is' },
	keys: { type: 'string', help: 'FILE: access keys and their policies; only what they have signed is done' },
	policies: { type: 'string', help: 'NAME,…: keys add: what the new key may, by policies of the file' },
	user: { type: 'string', help: 'NAME: policy simulate: this user alone' },
	action: { type: 'string', help: 'ACTION: policy simulate: such as appmesh:Delete*; else all' },
	resource: {
		type: 'string',
		help: 'ARN: policy simulate: done to this; else *; history: changes of this resource alone',
	},
	account: { type: 'string', help: 'DIGITS: whose the resources are, in their ARNs; 000000000000' },
	region: { type: 'string', help: 'NAME: where they are, in their ARNs; local' },
	history: {
		type: 'string',
		help: "FILE: where changes are recorded; else in the service's state directory, or the user's",
	},
	by: { type: 'string', help: 'USER: history: changes of this user alone' },
	limit: { type: 'string', help: 'NUMBER: history: so many of the newest changes; 50' },
	limits: { type: 'string', help: "NAME=NUMBER,…: how many there may be; else App Mesh's own limits" },
} as const;
