# Runs in Odoo's shell: a user with the rights that the connector's page names, its API key, two employees and two applicants, a skill type.
from datetime import datetime, timedelta

groups = [env.ref(name).id for name in ("base.group_user", "hr.group_hr_user", "hr_recruitment.group_hr_recruitment_user")]
user = env["res.users"].create({"name": "Gateway", "login": "gateway@example.org", "group_ids": [(6, 0, groups)]})
key = env["res.users.apikeys"].with_user(user)._generate("rpc", "gateway", datetime.now() + timedelta(days=30))
for person in ("Ada", "Bob"):
    env["hr.employee"].create({"name": person, "work_email": f"{person.lower()}@example.org"})
    env["hr.applicant"].create({"partner_name": person, "email_from": f"{person.lower()}@example.org"})
env["hr.skill.type"].create({
    "name": "Verified skills",
    "skill_ids": [(0, 0, {"name": "SQL"})],
    "skill_level_ids": [(0, 0, {"name": "Verified", "level_progress": 100, "default_level": True})],
})
env.cr.commit()
open("odoo.key", "w").write(key)
