// PURE. The settings of somebody who has set nothing.
import { readConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';

export const loadDefaults = (): Config =>
	readConfig({ env: {}, file: { values: new Map(), mistakes: [] }, flags: {} }).config;
