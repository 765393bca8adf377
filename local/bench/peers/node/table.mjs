// The one table.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

const MONTH = 30 * 24 * 3600;

export const TableName = process.env.TABLE_NAME;
export const table = DynamoDBDocumentClient.from(new DynamoDBClient({}), {
  marshallOptions: { removeUndefinedValues: true },
});

export const now = () => Math.floor(Date.now() / 1000);
export const inAMonth = () => now() + MONTH;

export const isTaken = (error) => error.name === 'ConditionalCheckFailedException';
