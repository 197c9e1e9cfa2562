export { default as ScoreQueue } from './score/ScoreQueue.vue'
export { default as ScoreSheet } from './score/ScoreSheet.vue'
