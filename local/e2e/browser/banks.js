// The simulator's banks, and what they want to be told.

export const BANK = 'First Platypus Bank';
export const OAUTH_BANK = 'Platypus OAuth Bank';
export const DOWN_BANK = 'Unhealthy Platypus Bank - Down';
export const UNSUPPORTED_BANK = 'Unsupported Platypus Bank';
// Sends a deposit that verifies itself, after a login.
export const AUTOMATED_BANK = 'Houndstooth Bank';
export const AUTOMATED_USER = 'microdeposits_good';
// Sends a deposit that is on the statement at once.
export const INSTANT_BANK = 'Windowpane Bank';

const ACCOUNT = { 'Account number': '1111222233330000' };
export const NUMBERS = { 'Routing number': '110000000', ...ACCOUNT };
export const INSTANT_NUMBERS = { 'Routing number': '333333334', ...ACCOUNT };

export const DEPOSIT_CODE = 'ABC';
export const WRONG_DEPOSIT_CODE = 'XYZ';
