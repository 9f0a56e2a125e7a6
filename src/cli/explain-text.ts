import { escapeControls } from '../lib/escape.ts';
import type {
	DecidingSetting,
	ExplainedConnection,
	ExplainReply,
	Judgement,
	ProbeAnswer,
} from '../localapi/explained.ts';
import { meshAnswerText } from './mesh-answer-text.ts';

export function explainText({ interception, process, connections }: ExplainReply): string {
	const head = [
		...(process === undefined
			? []
			: [`process ${process.pid} (${process.program}), user ${process.uid}, group ${process.gid}`]),
		...(process !== undefined && connections.length === 0 ? ['  it has no open TCP connection'] : []),
		...(interception === 'on' || interception === 'unknown'
			? []
			: [`Interception is not on now: ${states[interception]}`]),
	];
	return [...head.map((line) => `${escapeControls(line)}\n`), ...connections.map(connectionText)].join('');
}

const states = {
	off: 'nothing is captured',
	waiting: 'the rules wait for Envoy',
	lifted: 'the rules are lifted until Envoy is back',
} as const;

function connectionText({ question, settings, kernel, drift, open, mesh, probe, notes }: ExplainedConnection): string {
	const rows = [
		...(open === undefined ? [] : [['open', `it goes ${open}`]]),
		['goes to', recipientText(settings)],
		['because', settings.because],
		...(settings.setting === undefined ? [] : [['setting', settingText(settings.setting)]]),
		...(settings.chains.length === 0 ? [] : [['chains', settings.chains.join(', ')]]),
		...(kernel === undefined ? [] : [['installed', installedText(settings, kernel)]]),
		...(drift === undefined ? [] : [['DRIFT', `${drift}; see \`turnout diff\``]]),
		...(probe === undefined ? [] : [['probed', probeText(probe)]]),
		...notes.map((note) => ['note', note]),
	];
	const lines = [question, ...rows.map(([name = '', value = '']) => `  ${name.padEnd(WIDTH)}  ${value}`)];
	const text = lines.map((line) => `${escapeControls(line)}\n`).join('');
	return mesh === undefined ? text : `${text}in the mesh: ${meshAnswerText(mesh)}`;
}

const WIDTH = 13;

const settingText = ({ key, value, variable, flag, source, origin }: DecidingSetting): string =>
	`${key} = ${value === '' ? 'none' : value} (${variable}, ${flag}), from ${origins[source] ?? origin}`;

const origins: Readonly<Partial<Record<DecidingSetting['source'], string>>> = {
	default: 'the default',
	mesh: "the mesh's definitions",
};

function installedText(settings: Judgement, kernel: Judgement): string {
	const isSame = settings.answer === kernel.answer && settings.port === kernel.port;
	const why = kernel.because === settings.because ? '' : `, because ${kernel.because}`;
	return isSame ? `the same${why}` : `${recipientText(kernel)}${why}`;
}

function probeText({ outcome, by, redirectedTo, agrees }: ProbeAnswer): string {
	const where = redirectedTo === undefined ? '' : `, on port ${redirectedTo}`;
	const who = outcome === 'answered' ? `${by} has answered${where}` : `nobody has answered: ${outcome}`;
	return agrees ? who : `${who}. THAT IS NOT WHAT THE RULES SAY`;
}

/** Who gets it. */
function recipientText({ answer, port }: Judgement): string {
	switch (answer) {
		case 'egress listener':
		case 'ingress listener':
			return `Envoy's ${answer}, port ${port}`;
		case 'another port':
			return `port ${port} of this host`;
		case 'app':
			return 'whoever listens there on this host';
		case 'direct':
			return 'its own destination, past Envoy';
		case 'dropped':
			return 'nobody: it is dropped';
		case 'unknown':
			return 'it cannot be told';
	}
}
