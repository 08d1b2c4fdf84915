// Who and what there is at this desk: agents, teams, labels, canned replies. Asked for once, and again when it may have changed.
import { api } from "./api.js";

export class Directory {
  constructor(me) {
    this.me = me;
    this.agents = [];
    this.teams = [];
    this.labels = [];
    this.canned = [];
  }

  async load() {
    const lists = { agents: "/api/agents", teams: "/api/teams", labels: "/api/labels", canned: "/api/canned" };
    await Promise.all(Object.entries(lists).map(async ([name, path]) => (this[name] = (await api("GET", path)).items)));
    const { agent } = await api("GET", "/api/session");
    Object.assign(this.me, agent);
  }

  async again(name) {
    this[name] = (await api("GET", `/api/${name}`)).items;
    return this[name];
  }

  get isLead() {
    return this.me.role === "lead" || this.me.role === "admin";
  }

  agentWords(agent) {
    return agent.id === this.me.id ? `${agent.name} (you)` : agent.name;
  }
}
