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

// The ids of those that are linked without a browser.
export const IDS = {
  platypus: 'ins_109508', oauth: 'ins_127287', automated: 'ins_109512', pnc: 'ins_13', chase: 'ins_56', usBank: 'ins_127990',
};
// Has one checking account.
export const SINGLE_ACCOUNT_USER = 'user_single';
// Gives an Item without a bank, whose account waits for the code of a deposit.
export const SAME_DAY_USER = 'microdeposits_same_day';

const ACCOUNT = { 'Account number': '1111222233330000' };
export const NUMBERS = { 'Routing number': '110000000', ...ACCOUNT };
export const INSTANT_NUMBERS = { 'Routing number': '333333334', ...ACCOUNT };

export const DEPOSIT_CODE = 'ABC';
export const WRONG_DEPOSIT_CODE = 'XYZ';
