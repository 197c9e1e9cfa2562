import { createRouter, createWebHistory } from 'vue-router'

// WeCom's way back leaves this behind; the address is signed and shared without it.
if (location.hash === '#wechat_redirect') history.replaceState(history.state, '', location.pathname + location.search)

/**
 * Addresses are paths, as the cards write them. The SDK of WeCom signs the address anew when it has changed (wecom.md §8.2); of
 * DingTalk nothing is used that needs a signature (dingtalk.md §9.2), so it does not matter which address it takes.
 */
export const router = createRouter({
  history: createWebHistory('/h5/'),
  routes: [
    { path: '/', component: () => import('./pages/HomePage.vue'), meta: { title: '绩效' } },
    { path: '/week/:week?', component: () => import('./pages/WeekPage.vue'), meta: { title: '我的本周' } },
    {
      path: '/score',
      component: () => import('./pages/ScorePages.ts').then((m) => m.ScoreQueue),
      meta: { title: '评分' },
    },
    {
      path: '/score/:person/:week',
      component: () => import('./pages/ScorePages.ts').then((m) => m.ScoreSheet),
      meta: { title: '评分' },
    },
    { path: '/team/:week?', component: () => import('./pages/TeamPage.vue'), meta: { title: '团队' } },
    { path: '/results', component: () => import('./pages/ResultsPage.vue'), meta: { title: '我的结果' } },
    { path: '/surveys', component: () => import('./pages/SurveysPage.vue'), meta: { title: '调查' } },
    { path: '/survey/:survey/:period', component: () => import('./pages/SurveyPage.vue'), meta: { title: '调查' } },
    { path: '/people', component: () => import('./pages/PeoplePage.vue'), meta: { title: '人员问题' } },
    { path: '/talks', component: () => import('./pages/TalksPage.vue'), meta: { title: '谈话' } },
    { path: '/interviews', component: () => import('./pages/InterviewsPage.vue'), meta: { title: '面谈' } },
    {
      path: '/interview/:person/:period',
      component: () => import('./pages/InterviewPage.vue'),
      meta: { title: '绩效面谈' },
    },
    { path: '/milestones', component: () => import('./pages/MilestonesPage.vue'), meta: { title: '工作节点' } },
    { path: '/milestone/:id', component: () => import('./pages/MilestonePage.vue'), meta: { title: '工作节点' } },
    { path: '/columns', component: () => import('./pages/ColumnsPage.vue'), meta: { title: '栏目' } },
    { path: '/result/:month', component: () => import('./pages/ResultPage.vue'), meta: { title: '月度结果' } },
    { path: '/month/:month', component: () => import('./pages/MonthPage.vue'), meta: { title: '团队结果' } },
    { path: '/records', component: () => import('./pages/RecordsPage.vue'), meta: { title: '日常行为记录' } },
    { path: '/behaviour', component: () => import('./pages/BehaviourPage.vue'), meta: { title: '记录行为' } },
    { path: '/form/:card', component: () => import('./pages/FormPage.vue'), meta: { title: '填写' } },
    { path: '/:rest(.*)', redirect: '/' },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

router.afterEach((to) => {
  document.title = String(to.meta.title ?? '绩效')
})
