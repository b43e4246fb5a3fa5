// How a state is shown: always a word and a shape, never colour alone.

export interface StateLook {
  word: string;
  shape: 'dot' | 'ring' | 'triangle' | 'diamond' | 'square';
  tone: 'good' | 'quiet' | 'notice' | 'checkpoint' | 'urgent';
}
