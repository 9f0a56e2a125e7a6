/** Types for single files of prom-client: importing the whole package would cost ten megabytes of unused code. */
declare module 'prom-client/lib/registry.js' {
	export { Registry as default } from 'prom-client';
}
declare module 'prom-client/lib/gauge.js' {
	export { Gauge as default } from 'prom-client';
}
declare module 'prom-client/lib/counter.js' {
	export { Counter as default } from 'prom-client';
}
