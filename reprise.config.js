// The app that `npx reprise …` works on in this repository.
export { default } from './examples/banking/dist/app.js'
