// PURE. The settings of somebody who has set nothing.
import { readConfig } from '../../src/config/merge-sources.ts';
import type { Config } from '../../src/config/schema.ts';

export const loadDefaults = (): Config =>
	readConfig({ env: {}, file: { values: new Map(), mistakes: [] }, flags: {} }).config;
