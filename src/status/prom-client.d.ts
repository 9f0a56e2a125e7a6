/** The library's parts, of which it declares the whole only; the whole brings in ten megabytes that nobody here uses. */
declare module 'prom-client/lib/registry.js' {
	export { Registry as default } from 'prom-client';
}
declare module 'prom-client/lib/gauge.js' {
	export { Gauge as default } from 'prom-client';
}
declare module 'prom-client/lib/counter.js' {
	export { Counter as default } from 'prom-client';
}
