/** The version of the package, as package.json has it (test/migrate/live/live.test.ts): pages cannot read that. */
export const PACKAGE_VERSION = "0.1.0";
