import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no element #app');

// Each page brings only what it needs.
const { default: Page } = await (location.pathname === '/popover'
  ? import('./Popover.svelte')
  : import('./App.svelte'));
mount(Page, { target });
