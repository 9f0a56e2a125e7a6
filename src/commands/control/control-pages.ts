import { type ControlMetricsInput, controlMetrics } from '../../control/control-metrics.ts';
import { controlStatus, type StatusSources } from '../../control/control-status.ts';
import { METRICS_PAGE, type Pages, STATUS_PAGE } from '../../control/pages.ts';
import type { RequestCounts } from '../../control/request-counts.ts';
import type { FollowedTls } from '../../host/files/follow-tls-files.ts';
import { systemClock, timeOf } from '../../lib/clock.ts';
import { renderMetrics } from '../../status/prometheus.ts';
import { version } from '../../version.ts';
import type { ControlAds } from './control-ads.ts';

interface PagesInput extends Pick<StatusSources, 'store' | 'mesh' | 'definitions' | 'listeners'> {
	readonly ads: ControlAds | undefined;
	readonly tls: FollowedTls | undefined;
	readonly requests: RequestCounts;
}

const noCounts = { pushed: 0, accepted: 0, rejected: 0, lastMs: undefined };

export function controlPages({ ads, tls, requests, ...rest }: PagesInput): Pages {
	const sources: StatusSources = {
		...{ ...rest, version, since: timeOf(systemClock), clock: systemClock },
		certificate: () => tls?.current().cert,
		nodes: () => ads?.nodes() ?? [],
		refused: () => ads?.refused() ?? 0,
	};
	const metricsInput = async (): Promise<ControlMetricsInput> => ({
		status: await controlStatus(sources),
		fleet: ads?.counts() ?? noCounts,
		requests: requests.read(),
		residentBytes: process.memoryUsage.rss(),
	});
	return new Map([
		[STATUS_PAGE, { type: 'application/json', render: async () => JSON.stringify(await controlStatus(sources)) }],
		[
			METRICS_PAGE,
			{
				type: 'text/plain; version=0.0.4; charset=utf-8',
				render: async () => renderMetrics(controlMetrics, await metricsInput()),
			},
		],
	]);
}
