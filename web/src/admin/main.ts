import '../style.css'
import './admin.css'
import { createApp } from 'vue'
import AdminApp from './AdminApp.vue'

createApp(AdminApp).mount('#app')
