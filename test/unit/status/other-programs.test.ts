import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firewallFacts } from '../../../src/status/firewall-condition.ts';
import { interceptorsFact, type OtherInterceptor, type OurUsers } from '../../../src/status/interceptor-condition.ts';
import { orderFact } from '../../../src/status/order-condition.ts';

const program = { name: 'Kuma', remedy: 'Take it out of Kuma' };
const found = (more: Partial<OtherInterceptor> = {}): OtherInterceptor => ({
	...{ program, family: 'ipv4', way: 'outbound', rule: '-A C -j REDIRECT', isFirst: false, proxyUids: [5678] },
	...more,
});
const users: OurUsers = { envoyUid: 1337, isIgnored: (uid) => uid === 1337 };
const whyOf = (all: readonly OtherInterceptor[], of = users): string => {
	const fact = interceptorsFact(all, of);
	return fact.ok ? '' : fact.why;
};

test('nobody else redirects: the condition is fine', () => {
	assert.deepEqual(interceptorsFact([], users), { subject: 'interceptors', ok: true });
});

test('the reason names ways and families once each, and the remedy is that of the program', () => {
	const all = [found(), found({ way: 'inbound' }), found({ family: 'ipv6' })];
	assert.match(whyOf(all), /^Kuma redirects outbound and inbound ipv4 and ipv6 connections too: Envoy gets them/);
	const fact = interceptorsFact(all, users);
	assert.match(fact.ok ? '' : fact.remedy, /^Take it out of Kuma; or keep turnout off .* turnout takeover --dry-run/);
});

test('rules that come before ours are told first, and other programs after', () => {
	const other = { name: 'Istio', remedy: 'Take it out of Istio' };
	const why = whyOf([found(), found({ program: other, isFirst: true })]);
	assert.match(why, /^Istio redirects outbound ipv4 connections before our rules: its proxy gets them, not Envoy/);
	assert.match(why, /; so does Kuma$/);
});

test('a circle is told where each captures what the other sends, and one way where only that is so', () => {
	assert.match(whyOf([found()]), /sends \(user 5678\) goes to Envoy, and what Envoy sends .* Kuma, in a circle$/);
	const ignoring = { ...users, isIgnored: () => true };
	assert.match(whyOf([found()], ignoring), /"\); what Envoy sends goes to the proxy of Kuma$/);
	assert.match(whyOf([found({ proxyUids: [1337] })]), /"\)$/);
	assert.match(whyOf([found({ proxyUids: [] })]), /"\)$/);
});

test("a rule of a known program that comes before ours is told with its owner's name and remedy", () => {
	const docker = { name: 'Docker', remedy: 'Take the port out of appPorts, or do not publish it' };
	const taken = { family: 'ipv4', kind: 'inbound', port: 8080, place: 'table ip docker-bridges', rule: 'dnat' };
	const fact = orderFact([{ ...taken, isFirst: true, program: docker }]);
	assert.match(
		fact.ok ? '' : fact.why,
		/table ip docker-bridges, which is Docker's, comes before ours and has "dnat"$/,
	);
	assert.match(fact.ok ? '' : fact.remedy, /^Take the port out of appPorts, or do not publish it, remove the port/);
});

test('a packet filter that is known is told by its name, another one as the firewall', () => {
	const dropped = { kind: 'dropped', way: 'inbound', family: 'ipv4', port: 8080, rule: '-A C -j DROP' } as const;
	const opened = { ...dropped, kind: 'opened' } as const;
	const why = (program?: { readonly name: string }) =>
		firewallFacts([
			{ ...dropped, program },
			{ ...opened, program },
		]).map((fact) => (fact.ok ? '' : fact.why));
	assert.match(why({ name: 'ufw' }).join(), /where ufw drops them: .*,ufw's "-A C -j DROP" does not apply/);
	assert.match(why().join(), /where the firewall drops them: .*,the firewall's "-A C -j DROP" does not apply/);
});
