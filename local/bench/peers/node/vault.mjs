// Seals tokens with AES-256-GCM under data keys of KMS.

import { createCipheriv, randomBytes } from 'node:crypto';
import { GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';

const { TOKEN_KEY_ID, VAULT_ID } = process.env;
const kms = new KMSClient({});

// A key for what belongs together. Whoever asks for it forgets it.
export const dataKey = async () => {
  const generate = new GenerateDataKeyCommand({
    KeyId: TOKEN_KEY_ID,
    KeySpec: 'AES_256',
    EncryptionContext: { vault: VAULT_ID, purpose: 'access' },
  });
  const { Plaintext: key, CiphertextBlob: wrappedKey } = await kms.send(generate);
  return {
    wrappedKey,
    // Nonce, ciphertext and tag; opens only where it was sealed for.
    seal: (text, place) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place));
      return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
    },
    forget: () => key.fill(0),
  };
};
